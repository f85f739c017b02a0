package near

import (
	"slices"
	"testing"
)

func TestAgencies(t *testing.T) {
	s := Make(Text{Title: "Dam breaks above the town - Reuters", Lead: "BEIJING, March 3 (Xinhua) -- A dam broke."})
	if got := Agencies(s.Wires); !slices.Equal(got, []string{"Reuters", "Xinhua"}) {
		t.Errorf("%q", got)
	}
	if got := Agencies(0); got != nil {
		t.Errorf("none are %q", got)
	}
}

func TestWordsOfHeadline(t *testing.T) {
	const title = "Ten die as dam breaks above the town"
	if s := Make(Text{Title: title}); !slices.Equal(Words(title), s.Title) {
		t.Errorf("shown %v, compared %v", Words(title), s.Title)
	}
}
