// Package odd is the open web in small: a server on loopback that does, each
// under a name of its own, what sites do to those who read their feeds, and for
// each what must come of it. It knows nothing of the programs that ask it but
// what they say in public.
//
// odd.go says what a behaviour is, server.go lets it happen, seen.go is what
// came of it, checks.go judges that; each other file is a family.
package odd

// A Behaviour is one thing that a site does.
type Behaviour struct {
	Name string
	// Cites is the section of the RFC, or the case that taught it.
	Cites string
	// Must: who fails it loses stories or harms somebody. The rest is manners.
	Must bool
	// Want says in words what Check looks for.
	Want string
	// Serve answers; nil serves a sound feed of one item.
	Serve func(*Ask)
	// Closed: nobody listens. TLS: how it listens; nil for plain HTTP.
	Closed bool
	TLS    func(*authority) secured
	// Sources is how many sources the host has: /feed, /feed2 …; 0 is one.
	Sources int
	// URL is the source's address where it is not {self}/feed, Keys are further
	// keys of the source in aggregator.yaml.
	URL, Keys string
	// Unpublished: its items are too many to be written out.
	Unpublished bool
	Check       Check
}

// A Family is behaviours of one kind.
type Family struct {
	Name       string
	Behaviours []Behaviour
}

// Families are all of them, in the order of an answer's way.
func Families() []Family {
	return []Family{
		{"network", network()}, {"manners", manners()}, {"validators", validators()}, {"floors", floors()},
		{"redirects", redirects()}, {"endings", endings()}, {"encodings", encodings()}, {"charsets", charsets()},
		{"documents", documents()}, {"items", items()}, {"safety", safety()}, {"access", access()},
	}
}

// The rounds of a battery. Each is a process of its own, so that whatever is
// remembered from one to the next outlived a restart.
const (
	First  = 1 // everything for the first time
	Polite = 2 // floors hold
	Third  = 3 // from here on by force
	Fourth = 4
	Last   = 5
)
