// What is done beside all else: adding a folder, or analysing anew; a bar and a line.

import { setText } from "./dom.js";
import { count } from "./format.js";

const AFTER_MS = 12_000; // how long the outcome stays

/** Show it in `node`, which holds a progress bar and a span. */
export function mountAdding(link, node) {
  const bar = node.querySelector("progress");
  const words = node.querySelector("span");
  let timer = 0;
  let seen = null;

  const show = (done, total, text, title = "") => {
    node.hidden = false;
    bar.max = Math.max(1, total);
    if (total) bar.value = done;
    else bar.removeAttribute("value");
    setText(words, text);
    words.title = title;
  };

  const showRenewing = (renewing) => {
    node.hidden = !renewing;
    if (!renewing) return;
    const { done, total } = renewing;
    show(done, total, `${count(done)} of ${count(total)} analysed anew`, "Beats and keys found by an older version serve until then");
  };

  link.on("library", ({ adding, renewing }) => {
    clearTimeout(timer);
    if (!adding || (adding.finished && seen === adding.folder)) {
      seen = adding ? seen : null;
      showRenewing(renewing);
      return;
    }
    const failed = adding.failed ? `, ${count(adding.failed)} could not be read` : "";
    const short = (adding.current ?? "").split("/").at(-1);
    const text = adding.error
      ? `Adding ended: ${adding.error}`
      : adding.finished
        ? `${count(adding.added)} tracks added${failed}`
        : `${count(adding.done)} of ${count(adding.total)}${failed} ${short ? `· ${short}` : ""}`;
    show(adding.done, adding.total, text, adding.current ?? "");
    if (!adding.finished) return;
    timer = setTimeout(() => {
      seen = adding.folder;
      showRenewing(link.state.library?.renewing);
    }, AFTER_MS);
  });
}
