"""A trained model that answers, from a checkpoint or an ONNX file."""
