// Canvases that stay sharp, and the page's colours as numbers.

const known = new Map();
document.addEventListener("theme", () => known.clear());

/** The value of a custom property, `name` without its dashes. */
export function colour(name) {
  if (!known.has(name)) {
    known.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }
  return known.get(name);
}

/**
 * Keep a canvas as many pixels as it covers and call `draw(context, width, height)`, in CSS pixels,
 * when its size or the theme changes; answers a function that draws it now.
 */
export function canvas(node, draw) {
  const context = node.getContext("2d");
  let width = 0;
  let height = 0;
  const paint = () => {
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw(context, width, height);
  };
  new ResizeObserver(([entry]) => {
    const ratio = devicePixelRatio || 1;
    width = entry.contentRect.width;
    height = entry.contentRect.height;
    node.width = Math.round(width * ratio);
    node.height = Math.round(height * ratio);
    paint();
  }).observe(node);
  document.addEventListener("theme", paint);
  return paint;
}

/** Whether the user asked for less movement. */
export const still = matchMedia("(prefers-reduced-motion: reduce)");
