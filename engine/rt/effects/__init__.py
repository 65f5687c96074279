"""Effects of the rack: each reads a row of `state.sends` and adds to `state.wet`, cell by cell."""
