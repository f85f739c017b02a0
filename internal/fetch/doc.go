// Package fetch asks a source once and brings its items: one conditional GET,
// the answer read as RSS, RDF, Atom or JSON Feed whatever its faults, and each
// entry that is new or changed cleaned into a [news.Item].
//
// It neither waits nor repeats nor remembers: what must be remembered is the
// [news.Poll] record that goes in and comes out again.
//
// An answer walks through client.go (HTTP), guard.go (is it safe to parse?),
// parse.go and repair.go (document), rss.go, atom.go and json.go (entries),
// seen.go (which are new) and item.go (items). What a source's hub sent begins in
// pushed.go and walks the same way. stranger.go lends others the guard.
//
// The room is larger than others because it is where the faults of the world
// are met: each of its files is one kind of them, and most lines are cases that
// some feed forced.
package fetch
