package poll

import (
	"context"
	"fmt"
	"testing"
	"time"

	"aggregator/internal/dedupe"
	"aggregator/internal/fetch"
	"aggregator/internal/news"
	"aggregator/internal/topic"
)

// bring keeps what a source gives, as part of the event that the story at a
// position leads; 0 for none.
func (d *desk) bring(name string, event news.Position, items ...news.Item) {
	d.t.Helper()
	p := d.open()
	if err := p.CatchUp(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	pl := p.plan.Load()
	v := &visit{source: pl.byKey[name+".example/feed"], Result: fetch.Result{Received: len(items), Items: items}}
	for i := range v.Items {
		v.Items[i].Source, v.Items[i].Seen = v.source.Key, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	}
	v.prepare()
	entries := inOrder(pl, []*visit{v})
	prepared := make([]dedupe.Item, len(entries))
	for i, e := range entries {
		prepared[i] = e.item
	}
	s := newStep(pl, p.index.At(), time.Now().UTC().Truncate(time.Millisecond))
	s.results = []Visited{{New: map[string]int{}}}
	ds := p.index.Decide(prepared, s.now)
	for i := range ds {
		if ds[i].Pos != event {
			ds[i].Event = event
		}
	}
	err := s.settle(d.t.Context(), p, []*visit{v}, entries, ds)
	if err == nil {
		_, err = p.store.Append(d.t.Context(), s.at, s.batch)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// events are the leads of the kept stories' events, by where stories began.
func (d *desk) events() map[news.Position]string {
	all := map[news.Position]string{}
	for _, st := range d.stories() {
		all[st.Pos] = st.Event
	}
	return all
}

func quake(name string) news.Item {
	it := item("q", "https://"+name+".example/quake", "Quake as "+name+" felt it", "The ground shook, and "+name+" tells where it stood then.")
	it.Published = time.Date(2026, 1, 1, len(name), 0, 0, 0, time.UTC)
	return it
}

// A story that begins in an event is named by the event's first one, which
// says so itself once it has company, and is no other to its readers.
func TestEvent(t *testing.T) {
	d := newDesk(t, "a", "bb", "ccc", "dddd")
	d.rules(topic.Rule{Name: "World", Match: parse(t, "*")})
	d.bring("a", 0, quake("a"))
	alone := d.at(1)
	if alone.Event != "" {
		t.Fatalf("alone, and of an event: %+v", alone)
	}
	d.bring("bb", 1, quake("bb"))
	d.bring("ccc", 1, quake("ccc"))
	wants(t, "one event", d.events(), map[news.Position]string{1: alone.ID, 2: alone.ID, 3: alone.ID})
	alone.Event = alone.ID
	wants(t, "but for that the lead is as it was", d.at(1), alone)

	// All in one step: the lead begins just before.
	one, two := quake("dddd"), quake("dddd")
	two.GUID, two.URL, two.Title = "q2", "https://dddd.example/2", "Aftershock"
	d.bring("dddd", 4, one, two)
	wants(t, "began together", d.events()[5], d.at(4).ID)
	wants(t, "began together", d.events()[4], d.at(4).ID)
}

// The story that led is forgotten before those that came later.
func TestEventOutlivesItsLead(t *testing.T) {
	d := newDesk(t, "a", "bb", "ccc", "dddd")
	d.bring("a", 0, quake("a"))
	first := d.at(1).ID
	d.bring("bb", 1, quake("bb"))
	if err := d.store.Expire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	d.bring("ccc", 2, quake("ccc"))
	wants(t, "the next one leads on", d.events(), map[news.Position]string{2: first, 3: first})
	d.bring("dddd", 1, quake("dddd"))
	wants(t, "it is known by those that are left", d.events(), map[news.Position]string{2: first, 3: first, 4: first})
	p := d.open()
	for _, at := range []news.Position{4, 5} { // the latest is forgotten, too, but for one that came since
		if e, err := p.outlived(t.Context(), 1); err != nil || e != first {
			t.Errorf("while %d is the latest: %q, %v", at, e, err)
		}
		if at == 4 {
			d.bring("a", 1, quake("a"))
		}
		if err := d.store.Expire(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	d.bring("bb", 1, quake("bb"))
	wants(t, "nobody knows it any more", d.events(), map[news.Position]string{6: ""})
}

// The index groups, the stories say so, and both go by a person's word.
func TestEventOfTheIndex(t *testing.T) {
	d := newDesk(t, "a", "b", "c", "d")
	for i, words := range [][2]string{
		{"Magnitude 6.1 earthquake strikes near Arequipa in southern Peru", "A magnitude 6.1 earthquake struck near Arequipa in southern Peru on Monday, officials said. There were no immediate reports of casualties."},
		{"Earthquake shakes Arequipa, Peru; residents flee homes", "People in Arequipa ran into the streets as a strong earthquake shook southern Peru. Authorities were checking damage to buildings."},
		{"Peru earthquake: Arequipa residents flee homes as magnitude 6.1 quake hits", "A strong earthquake of magnitude 6.1 sent residents of Arequipa, Peru, fleeing from their homes on Monday."},
		{"Parliament passes budget after long debate", "Lawmakers approved the annual budget late on Monday."},
	} {
		it := item("1", "https://"+d.plan.Sources[i].Name+".example/1", words[0], words[1])
		it.Published = time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)
		d.set(d.plan.Sources[i].Key, it)
		d.plan.Sources[i].Near = dedupe.NearOthers
	}
	d.plan.Events = true
	if r := d.pass(); r.Stories != 4 {
		t.Errorf("an event merged or lost a story: %+v", r)
	}
	first := d.at(1).ID
	wants(t, "events", d.events(), map[news.Position]string{1: first, 2: first, 3: first, 4: ""})
	event := func(story news.Position) []news.Position {
		p := d.open()
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p.Event(story)
	}
	wants(t, "an event", event(2), []news.Position{1, 2, 3})
	wants(t, "none", event(4), nil)
	d.heed(Word{Fate: news.Merged, Story: 4, Of: 1})
	wants(t, "with one that was merged", event(2), []news.Position{2, 3, 4})
	wants(t, "events, with one that was merged", d.events()[4], first)
}

// What people say of stories goes for their events.
func TestEventByHand(t *testing.T) {
	d := newDesk(t, "a", "bb", "ccc")
	d.bring("a", 0, quake("a"))
	d.bring("bb", 1, quake("bb"))
	d.bring("ccc", 0, quake("ccc"))
	event := d.at(1).ID
	d.heed(Word{Fate: news.Merged, Story: 3, Of: 1})
	wants(t, "it brings its event along", d.events(), map[news.Position]string{1: event, 2: event, 3: event})
	d.heed(Word{Fate: news.Split, Story: 3, Of: 1})
	wants(t, "a person found it to be another", d.events()[5], "")
	d.bring("a", 0, news.Item{GUID: "r", URL: "https://a.example/rain", Title: "Rain", Text: "It rains in the valley, and a tells for how long."})
	d.bring("bb", 6, news.Item{GUID: "r", URL: "https://bb.example/rain", Title: "Wet", Text: "It rains on the hills, and bb tells where to go."})
	d.heed(Word{Fate: news.Merged, Story: 3, Of: 6})
	wants(t, "of two events it stays in its own", d.events()[3], event)
	d.heed(Word{Fate: news.Hidden, Story: 2})
	wants(t, "hidden, and still of it", d.events()[2], event)
}

// report is nearly the same text from whoever tells it.
func report(guid, name, more string) news.Item {
	return item(guid, "https://"+name+".example/"+guid, "Freight train derails near Harwick, halting passenger services",
		"A freight train derailed near the northern town of Harwick early on Tuesday, spilling grain across both tracks and halting all passenger services until the evening, the railway said. "+more)
}

// near polls three sources of which the last tells two copies, each as near
// says, and gives the items of each story.
func (d *desk) near(near dedupe.Near) (told []int) {
	d.t.Helper()
	d.set("a.example/feed", report("1", "a", "Nobody was hurt."))
	d.set("b.example/feed", report("2", "b", "Crews are on the spot."))
	d.set("c.example/feed", report("3", "c", "It is the second time this year."), report("4", "c", "Buses run instead."))
	for i := range d.plan.Sources {
		d.plan.Sources[i].Near = near
	}
	d.pass()
	for _, st := range d.stories() {
		told = append(told, len(st.Tellings()))
	}
	return told
}

// Near text is looked for where the plan says.
func TestNear(t *testing.T) {
	for near, want := range map[dedupe.Near][]int{dedupe.NearOff: {1, 1, 1, 1}, dedupe.NearOthers: {3, 1}, dedupe.NearOwn: {4}} {
		wants(t, fmt.Sprint("tellings of each story, near ", near), newDesk(t, "a", "b", "c").near(near), want)
	}
}

// A reload changes what is looked for from then on.
func TestNearAfterReload(t *testing.T) {
	d := newDesk(t, "a", "b", "c")
	for i, name := range []string{"a", "b", "c"} {
		d.set(name+".example/feed", report("1", name, []string{"Nobody was hurt.", "Crews are on the spot.", "Buses run instead."}[i]))
	}
	p := d.open()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	poll := func(names ...string) {
		if _, err := p.Pass(ctx, names, true); err != nil {
			t.Error(err)
		}
	}
	poll("a.example/feed")
	poll("b.example/feed")
	wants(t, "stories without near text", len(d.stories()), 2)
	for i := range d.plan.Sources {
		d.plan.Sources[i].Near = dedupe.NearOthers
	}
	if _, err := p.Change(ctx, d.plan, atOnce); err != nil {
		t.Error(err)
	}
	d.set("a.example/feed", report("9", "a", "Trains run again."))
	poll("a.example/feed")
	poll("c.example/feed")
	wants(t, "stories", len(d.stories()), 3)
	wants(t, "tellings of the one after the reload", len(d.stories()[2].Also), 1)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
