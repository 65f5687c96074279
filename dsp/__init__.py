"""Pure signal arithmetic: arrays in, arrays out; no device, file, clock or thread."""
