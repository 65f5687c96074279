// Before the first paint: dark, unless the system or the user asked for light.
// A plain script, not a module, so that it runs first; `antiphonTheme` is what the strip's button calls.
(() => {
  const KEPT = "antiphon.theme";
  const light = matchMedia("(prefers-color-scheme: light)");
  const wanted = () => localStorage.getItem(KEPT) ?? (light.matches ? "light" : "dark");
  const show = () => {
    document.documentElement.dataset.theme = wanted();
    document.dispatchEvent(new CustomEvent("theme"));
  };
  light.addEventListener("change", show);
  show();
  window.antiphonTheme = {
    get: wanted,
    turn() {
      localStorage.setItem(KEPT, wanted() === "light" ? "dark" : "light");
      show();
    },
  };
})();
