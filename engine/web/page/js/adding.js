// How far the adding of a folder has come: a bar and a line.

import { setText } from "./dom.js";
import { count } from "./format.js";

const AFTER_MS = 12_000; // how long the outcome stays

/** Show it in `node`, which holds a progress bar and a span. */
export function mountAdding(link, node) {
  const bar = node.querySelector("progress");
  const words = node.querySelector("span");
  let timer = 0;
  let seen = null;
  link.on("library", ({ adding }) => {
    clearTimeout(timer);
    if (!adding || (adding.finished && seen === adding.folder)) {
      node.hidden = true;
      seen = adding ? seen : null;
      return;
    }
    node.hidden = false;
    bar.max = Math.max(1, adding.total);
    if (adding.total) bar.value = adding.done;
    else bar.removeAttribute("value");
    const failed = adding.failed ? `, ${count(adding.failed)} could not be read` : "";
    const short = (adding.current ?? "").split("/").at(-1);
    setText(
      words,
      adding.error
        ? `Adding ended: ${adding.error}`
        : adding.finished
          ? `${count(adding.added)} tracks added${failed}`
          : `${count(adding.done)} of ${count(adding.total)}${failed} ${short ? `· ${short}` : ""}`,
    );
    words.title = adding.current ?? "";
    if (!adding.finished) return;
    timer = setTimeout(() => {
      seen = adding.folder;
      node.hidden = true;
    }, AFTER_MS);
  });
}
