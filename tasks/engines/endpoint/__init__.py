"""Engine `endpoint`: edits made by a server that speaks OpenAI's `POST /v1/images/edits`, ours or another.

| server | start it | point the engine at it |
|---|---|---|
| edit-flows | `python -m tasks.engines.server --engine qwen` | nothing to set on the same machine |
| vLLM-Omni | `vllm serve Qwen/Qwen-Image-Edit-2511 --omni --port 8000` | SERVER=vllm-omni, URL, MODEL |
| SGLang | `sglang serve --model-path Qwen/Qwen-Image-Edit-2511 --port 30000` | SERVER=sglang, URL, MODEL |
| LightX2V | its image server, see its own documentation | SERVER=lightx2v, URL, MODEL |
| OpenAI | - | SERVER=openai, URL, MODEL, KEY |

SERVER is short for `EDIT_FLOWS_ENDPOINT_SERVER`, and so on; URL goes up to and with `/v1`; MODEL is the name the server
gives its model. What each server takes and gives is the table in `quirks.py`.
"""
