// Menus and small panels (popovers): placed at the button that opened them, arrow keys in menus.

const MARGIN = 8;

function place(sheet, button) {
  const at = button.getBoundingClientRect();
  const { width, height } = sheet.getBoundingClientRect();
  const below = at.bottom + 6 + height <= innerHeight - MARGIN || at.top < height + 6 + MARGIN;
  const top = below ? at.bottom + 6 : at.top - 6 - height;
  sheet.style.left = `${Math.max(MARGIN, Math.min(at.left, innerWidth - width - MARGIN))}px`;
  sheet.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
}

function step(sheet, event) {
  const items = [...sheet.querySelectorAll("button:not(:disabled)")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[(to + items.length) % items.length].focus();
}

/** Tie every `popovertarget` button of the page to its sheet. */
export function mountSheets() {
  for (const button of document.querySelectorAll("[popovertarget]")) {
    const sheet = document.getElementById(button.getAttribute("popovertarget"));
    const menu = sheet.classList.contains("menu");
    button.setAttribute("aria-haspopup", menu ? "menu" : "dialog");
    button.setAttribute("aria-expanded", "false");
    if (menu) {
      sheet.setAttribute("role", "menu");
      sheet.setAttribute("aria-label", button.getAttribute("aria-label"));
      for (const item of sheet.querySelectorAll("button")) item.setAttribute("role", "menuitem");
      sheet.addEventListener("keydown", (event) => step(sheet, event));
      sheet.addEventListener("click", (event) => {
        if (event.target.closest("button")) sheet.hidePopover();
      });
    }
    sheet.addEventListener("toggle", (event) => {
      const open = event.newState === "open";
      button.setAttribute("aria-expanded", String(open));
      if (!open) return;
      place(sheet, button);
      sheet.querySelector("button:not(:disabled), input:not(:disabled), select")?.focus();
    });
  }
}
