// The keyboard below the rooms.

/** Build the keyboard inside `section`. */
export function mount(section, link) {}
