// Elements of drawings, and paths through arrays.

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A path through points: x and y are arrays, in the units of the drawing. */
export function through(x, y) {
  let path = "";
  for (let i = 0; i < x.length; i++) path += `${i ? "L" : "M"}${x[i].toFixed(1)} ${y[i].toFixed(1)}`;
  return path;
}
