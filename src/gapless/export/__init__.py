"""What leaves Gapless: a checked ONNX file, stored weights, measured latency; loaded when used."""
