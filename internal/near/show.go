package near

import "strings"

// Words is what is compared of a text, in order, for those who show it.
func Words(s string) []Word { return words(s, mostBody) }

// Agencies are the names of those in Sketch.Wires.
func Agencies(wires uint32) (names []string) {
	bit := uint32(1)
	for line := range strings.Lines(agencyLines) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if wires&bit != 0 {
			name, _, _ := strings.Cut(line, ",")
			names = append(names, name)
		}
		bit <<= 1
	}
	return names
}
