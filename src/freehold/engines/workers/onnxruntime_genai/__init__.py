"""Workers that run models with onnxruntime-genai, and convert for it."""
