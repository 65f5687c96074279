// Wires the page: one link, and each part mounted on its section.

import { Link } from "./link.js";
import { find } from "./dom.js";
import { mount as mountKeyboard } from "./keys/keyboard.js";
import { mount as mountKeys } from "./keys/main.js";

const link = new Link();
mountKeys(find("#keys"), link);
mountKeyboard(find("#keyboard"), link);
link.open();
