package config

import "strings"

// instead names the known key that is nearest, or all of them.
func instead[T any](word string, known map[string]T) string {
	if near := nearest(word, known); near != "" {
		return "write " + near
	}
	return "known here: " + strings.Join(sorted(known), ", ")
}

// habit is how neighbours of this program call the same thing.
func habit(word string) string {
	switch strings.ToLower(word) {
	case "feeds", "feed", "subscriptions", "channels":
		return "sources"
	case "cron", "interval", "every", "refresh", "poll":
		return "schedule"
	case "query", "rule", "rules", "keywords", "filter", "terms":
		return "match"
	case "exclude", "block", "ignore":
		return "drop"
	case "only", "allow":
		return "keep"
	case "categories", "category":
		return "topics"
	case "title":
		return "name"
	case "username", "login":
		return "user"
	case "href", "link", "address", "xmlurl":
		return "url"
	case "lang":
		return "language"
	case "priority", "rank", "weight":
		return "tier"
	case "port", "bind", "addr":
		return "listen"
	case "redis", "database", "storage":
		return "store"
	case "retention", "keep_days":
		return "retain"
	case "limit", "max_items":
		return "items"
	}
	return ""
}

// nearest is the known word that a person most likely meant, or "".
func nearest[T any](word string, known map[string]T) string {
	if h := habit(word); h != "" {
		if _, ok := known[h]; ok {
			return h
		}
	}
	const short, long = 3, 100 // a slip in two letters is another word
	if len(word) < short || len(word) > long {
		return ""
	}
	best, least := "", 1+len(word)/3
	for _, k := range sorted(known) {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's, with two neighbours exchanged as one step.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, row := rows[(i-1+3)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(x)+1)%3][len(y)]
}
