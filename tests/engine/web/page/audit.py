"""Questions to a page that a tool for accessibility would ask, put to the browser itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

# Roles that mean nothing without a name.
_NAMED = {
    "application",
    "button",
    "checkbox",
    "combobox",
    "dialog",
    "image",
    "link",
    "menuitem",
    "progressbar",
    "region",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "textbox",
}

# Text against what is painted behind it, as WCAG 2.1 counts contrast (1.4.3): 4.5, large text 3.
# Left out: what is disabled, and the names on the piano's keys, which lie on no ancestor of theirs.
_PALE = r"""
const numbers = (text) => {
  const found = text.match(/[\d.]+/g).map(Number);
  const unit = text.startsWith("color(") ? 255 : 1;
  return [found[0] * unit, found[1] * unit, found[2] * unit, found[3] ?? 1];
};
const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const light = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((value) => {
    const x = value / 255;
    return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (node) => {
  const layers = [];
  for (let at = node; at; at = at.parentElement) {
    const colour = numbers(getComputedStyle(at).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  return layers.reverse().reduce((below, layer) => over(layer, below), [0, 0, 0, 1]);
};
const pale = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim()) continue;
  if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  if (node.closest(":disabled, [aria-disabled=true], .sr, .key, script")) continue;
  const style = getComputedStyle(node);
  const back = behind(node);
  const ink = numbers(style.color);
  for (let at = node; at; at = at.parentElement) ink[3] *= Number(getComputedStyle(at).opacity);
  const [most, least] = [light(over(ink, back)), light(back)].sort((a, b) => b - a);
  const ratio = (most + 0.05) / (least + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const text = walker.currentNode.textContent.trim();
  if (ratio < (large ? 3 : 4.5)) pale.push(`${text}: ${ratio.toFixed(2)}`);
}
return pale;
"""

_FOCUSED = r"""
window.reached ??= new WeakSet();
const node = document.activeElement;
const again = window.reached.has(node);
window.reached.add(node);
const around = [node.parentElement, node, ...node.querySelectorAll("*")];
const look = () => JSON.stringify(around.map((one) => {
  const { outlineStyle, outlineWidth, boxShadow, stroke, strokeWidth } = getComputedStyle(one);
  return [outlineStyle, outlineWidth, boxShadow, stroke, strokeWidth];
}));
let seen = true;
if (node !== document.body) {
  const focused = look();
  node.blur();
  seen = look() !== focused;
  node.focus({ preventScroll: true });
}
return [again, seen, node.outerHTML.slice(0, 120)];
"""

_MISSED = r"""
const nodes = document.querySelectorAll("a[href], button, input, select, textarea, [tabindex]");
return [...nodes].filter((node) => node.tabIndex >= 0 && !node.disabled
  && !window.reached.has(node) && node.checkVisibility({ visibilityProperty: true })
  && !(node.type === "radio" && !node.checked)).map((node) => node.outerHTML.slice(0, 120));
"""

_MOST = 600  # controls of a page


def nameless(chrome: Chrome) -> list[Any]:
    """Return what a screen reader would meet without a name: roles and attributes."""
    nodes = chrome.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    found = []
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        name = node.get("name", {}).get("value", "").strip()
        if not node.get("ignored") and role in _NAMED and not name:
            about = {"backendNodeId": node["backendDOMNodeId"]}
            described = chrome.execute_cdp_cmd("DOM.describeNode", about)["node"]
            found.append((role, described.get("attributes")))
    return found


def pale(chrome: Chrome) -> list[str]:
    """Return the texts whose contrast is too low, each with its ratio."""
    return list(chrome.execute_script(_PALE))  # type: ignore[no-untyped-call]


def unreached(chrome: Chrome) -> tuple[list[str], list[str]]:
    """Press Tab all the way; return what was not reached, and what did not show its focus."""
    from selenium.webdriver import ActionChains, Keys

    unseen: list[str] = []
    stayed = 0  # for a few steps one control may keep it, as the hours and minutes of a time
    for _ in range(_MOST):
        ActionChains(chrome, duration=0).send_keys(Keys.TAB).perform()
        again, seen, node = chrome.execute_script(_FOCUSED)  # type: ignore[no-untyped-call]
        stayed = stayed + 1 if again else 0
        if stayed > 5:
            break
        if not seen:
            unseen.append(node)
    return list(chrome.execute_script(_MISSED)), unseen  # type: ignore[no-untyped-call]
