// Buttons that save a file of the session: queue.m3u8, history.csv and the like.

import { LinkError } from "./link.js";
import { say } from "./says.js";

const day = () => new Date().toLocaleDateString("sv"); // 2024-05-31

/** Every `data-save` button in `root` fetches /api/<its value> and hands it over as a download. */
export function wireSaves(link, root) {
  for (const button of root.querySelectorAll("[data-save]")) {
    button.addEventListener("click", async () => {
      const file = button.dataset.save;
      const name = `antiphon-${file.replace(".", `-${day()}.`)}`;
      try {
        await link.save(`/api/${file}`, name);
        say(`Saved ${name}`);
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        say(error.message, true);
      }
    });
  }
}
