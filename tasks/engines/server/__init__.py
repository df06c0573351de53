"""Any engine behind HTTP, in the shape of OpenAI's images API. One process owns the device and the weights."""
