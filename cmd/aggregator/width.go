package main

import (
	"io"
	"os"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// terminalWidth is how many cells a line of the terminal has.
func terminalWidth(out io.Writer) int {
	const usual = 80
	f, ok := out.(*os.File)
	if !ok {
		return usual
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 20 {
		return usual
	}
	return columns
}

// cells is how wide s is on a terminal: Chinese, Japanese and Korean take two
// cells a character.
func cells(s string) (n int) {
	for _, r := range s {
		n += cellsOf(r)
	}
	return n
}

func cellsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// clip cuts s to a width in cells.
func clip(s string, most int) string {
	if cells(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cellsOf(r); n > most-1 {
			return s[:i] + "…"
		}
	}
	return s
}
