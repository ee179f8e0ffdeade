"""Reverse-mode gradients of an ONNX graph, written as an ONNX graph."""
