// The keys room: patch, knobs, curves.

/** Build the room inside `section`: `.head-tools` and `.body` are empty and its own. */
export function mount(section, link) {}
