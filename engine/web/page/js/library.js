export function mountLibrary(link) {}
