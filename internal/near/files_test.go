package near

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite what is expected in testdata")

// A block of a file in testdata is lines up to an empty one: what goes in, and
// behind "=> " what should come out. "#" begins a comment.
type block struct {
	lines []string
	in    map[string]string // by what stands before ": "; "" for the rest
	want  string
	wants bool
}

// keys are what may stand before ": " in a block.
var keys = map[string]bool{"title": true, "names": true, "url": true, "lead": true}

func readBlocks(t *testing.T, file string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		b := block{in: map[string]string{}}
		for line := range strings.SplitSeq(part, "\n") {
			want, wants := strings.CutPrefix(line, "=>")
			key, value, keyed := strings.Cut(line, ": ")
			switch {
			case wants:
				b.want, b.wants = strings.TrimSpace(want), true
				continue
			case strings.HasPrefix(line, "#"):
			case keyed && keys[key]:
				b.in[key] = value
			default:
				b.in[""] = line
			}
			b.lines = append(b.lines, line)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// checkBlocks compares what comes out of each block with what should; with
// -update it is written there.
func checkBlocks(t *testing.T, file string, out func(in map[string]string) string) {
	var b strings.Builder
	for _, c := range readBlocks(t, file) {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(strings.Join(c.lines, "\n") + "\n")
		if len(c.in) == 0 {
			continue
		}
		got := strings.TrimSpace(out(c.in))
		b.WriteString(strings.TrimSpace("=> "+got) + "\n")
		if got != c.want || !c.wants {
			t.Errorf("%s: %s\n gives %q\n want  %q", file, strings.Join(c.lines, " / "), got, c.want)
		}
	}
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", file), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func namesOf(in map[string]string) []string {
	if in["names"] == "" {
		return nil
	}
	return strings.Split(in["names"], "; ")
}

func TestTitle(t *testing.T) {
	checkBlocks(t, "title.txt", func(in map[string]string) string {
		head, tail := Title(in[""], namesOf(in))
		if again, _ := Title(head, namesOf(in)); again != head {
			t.Errorf("%q becomes %q, and that %q", in[""], head, again)
		}
		if head == "" {
			t.Errorf("nothing is left of %q", in[""])
		}
		if tail != "" {
			return head + " ¦ " + tail
		}
		return head
	})
}

func TestLead(t *testing.T) {
	checkBlocks(t, "lead.txt", func(in map[string]string) string { return Lead(in[""]) })
}

// TestWords spells what the words of a text are taken for.
func TestWords(t *testing.T) {
	checkBlocks(t, "words.txt", func(in map[string]string) string { return spell(words(in[""], mostLead), in[""]) })
}

func TestAddress(t *testing.T) {
	checkBlocks(t, "address.txt", func(in map[string]string) string {
		slug, article := address(in[""])
		out := spell(slug, strings.NewReplacer("-", " ", "_", " ", "/", " ", ".", " ").Replace(in[""]))
		if article != 0 {
			out += " ¦ " + spellArticle(article, in[""])
		}
		return out
	})
}

func TestWires(t *testing.T) {
	checkBlocks(t, "wires.txt", func(in map[string]string) string {
		found := wires(Text{Title: in["title"], Names: namesOf(in), URL: in["url"], Lead: in["lead"]})
		return strings.Join(spellAgencies(found), " ")
	})
}
