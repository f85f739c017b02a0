package gold

import (
	"cmp"
	"encoding/json"
	"path/filepath"
	"slices"
)

// A Filed record is an item with the topics that it belongs to.
type Filed struct {
	Record
	Topics []string
	Weight float64 // how many items it stands for
}

// LoadFiled reads DIR/topics_NAME.dev.jsonl.gz. What is in all topics of a join
// is in the join.
func LoadFiled(dir, name string, joins map[string][]string) (rs []Filed, err error) {
	name = "topics_" + name
	err = readLines(filepath.Join(dir, name+".dev.jsonl.gz"), func(line []byte) error {
		// The tags are left where they are: they give the labels away.
		var r struct {
			ID, Title, Summary, Body, URL, Publisher, Lang string
			Topics                                         []string
			Weight                                         float64
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		f := Filed{
			Record: Record{ID: r.ID, Title: r.Title, Summary: r.Summary, Body: r.Body, URL: r.URL, Publisher: r.Publisher, Lang: r.Lang},
			Topics: r.Topics, Weight: cmp.Or(r.Weight, 1),
		}
		for join, parts := range joins {
			if !slices.Contains(f.Topics, join) && !slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(r.Topics, p) }) {
				f.Topics = append(f.Topics, join)
			}
		}
		rs = append(rs, f)
		return nil
	})
	return rs, wrap(err, dir, name)
}

// In says whether the record belongs to the topic.
func (f Filed) In(topic string) bool { return slices.Contains(f.Topics, topic) }

// TallyTopic compares what was filed under a topic with the labels: one tally a
// record, whose pairs are the record itself, as often as its weight says.
func TallyTopic(rs []Filed, topic string, filed func(i int) bool) []Tally {
	ts := make([]Tally, len(rs))
	for i, r := range rs {
		ts[i] = Tally{Items: 1}
		switch in, wanted := filed(i), r.In(topic); {
		case in && wanted:
			ts[i].Pairs, ts[i].Found, ts[i].Groups = r.Weight, r.Weight, 1
		case wanted:
			ts[i].Pairs, ts[i].Groups = r.Weight, 1
		case in:
			ts[i].Wrong = r.Weight
		}
	}
	return ts
}
