package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// logger writes to stderr: coloured lines on a terminal, key=value in a pipe.
// through is what to write through instead, or nil.
func (c *command) logger(through io.Writer) *slog.Logger {
	out := through
	if out == nil {
		out = c.err
	}
	if c.terminal(c.err) {
		return slog.New(tint.NewHandler(out, &tint.Options{TimeFormat: time.TimeOnly}))
	}
	return slog.New(slog.NewTextHandler(out, nil))
}
