package main

import (
	"io"
	"os"
	"strings"

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

// columns prints rows under each other; a tabwriter takes a Chinese character
// for one cell.
func (c *command) columns(rows [][]string) error {
	wide := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], cells(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		last := len(row) - 1
		for i, cell := range row[:last] {
			b.WriteString(cell + strings.Repeat(" ", wide[i]-cells(cell)+2))
		}
		b.WriteString(row[last] + "\n")
	}
	_, err := io.WriteString(c.out, b.String())
	return err
}
