"""Models: manifests, files, ONNX Runtime sessions, and how their tensors become signals."""
