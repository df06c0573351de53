"""The engine the project is for: Qwen-Image-Edit through diffusers, weights loaded once per process."""
