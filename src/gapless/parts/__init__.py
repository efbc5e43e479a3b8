"""Parts: one published mechanism a file; what each kind of part must do is in `gapless.parts.contract`."""
