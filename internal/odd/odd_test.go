package odd

import "testing"

// A check that is content when nothing was asked and nothing came of it is none.
func TestEveryCheckCanFail(t *testing.T) {
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	nothing := func(_, form string) string {
		if form == "json" {
			return "{}"
		}
		return "<feed/>"
	}
	names := map[string]bool{}
	for _, v := range s.Judge(Came{Feed: nothing, Explain: func(string) string { return "" }}) {
		if v.Fault == "" {
			t.Errorf("%s is content with nothing", v.Name)
		}
		if v.Cites == "" || v.Want == "" || names[v.Name] {
			t.Errorf("%s has no name of its own, or says neither who taught it nor what is wanted: %+v", v.Name, v)
		}
		names[v.Name] = true
	}
}
