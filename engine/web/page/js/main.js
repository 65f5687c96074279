// Wires the page: one link, and each part mounted on its section.

import { mountDecks } from "./decks.js";
import { find } from "./dom.js";
import { mount as mountKeyboard } from "./keys/keyboard.js";
import { mount as mountKeys } from "./keys/main.js";
import { mountLibrary } from "./library.js";
import { Link } from "./link.js";
import { mountQueue } from "./queue.js";
import { mountRoom } from "./room.js";
import { say } from "./says.js";
import { mountSheets } from "./sheets.js";
import { mountStrip } from "./strip.js";

const link = new Link();
link.onError((message) => say(message, true));
mountSheets();
mountStrip(link);
mountRoom(link);
mountDecks(link);
mountQueue(link);
mountLibrary(link);
mountKeys(find("#keys"), link);
mountKeyboard(find("#keyboard"), link);
link.open();
