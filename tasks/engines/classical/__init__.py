"""The classical engine: real edits of a modest vocabulary on a CPU, without weights. A stand-in, and it says so."""
