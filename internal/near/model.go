package near

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"sync"
)

// A Model turns features into a similarity: the logistic of a weighted sum of
// them and of small decision trees that mend it where it errs.
type Model struct {
	// Threshold is the similarity from which on two items are the same.
	Threshold float32   `json:"threshold"`
	Bias      float32   `json:"bias"`
	Weights   []float32 `json:"weights"` // one a feature, in order
	Trees     []Tree    `json:"trees"`
}

// A Tree asks three questions, each "is feature At[i] more than Cut[i]?", and
// ends in one of eight leaves. Question i leads to 2i+1 if not, to 2i+2 if so.
type Tree struct {
	At   [7]uint8   `json:"at"`
	Cut  [7]float32 `json:"cut"`
	Leaf [8]float32 `json:"leaf"`
}

// Models are what is learnt: whether two items tell one story, and whether they
// tell of one event.
type Models struct {
	Features []string `json:"features"` // that it was learnt on, in order
	// Common are words that everybody uses, so that a young Index need not
	// learn first that "the" is none to tell a report by.
	Common []Common `json:"common"`
	Story  Model    `json:"story"`
	Event  Model    `json:"event"`
}

// A Common word, and in how many of a thousand items of its language it is.
type Common [2]uint32

//go:embed data/models.json
var modelBytes []byte

// Learnt are the models in data/models.json.
var Learnt = sync.OnceValue(func() Models {
	m, err := ReadModels(modelBytes)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return m
})

// ReadModels reads models and refuses those learnt on other features.
func ReadModels(b []byte) (m Models, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("near: models: %w", err)
	}
	if len(m.Features) != featureCount || len(m.Story.Weights) != featureCount || len(m.Event.Weights) != featureCount {
		return m, fmt.Errorf("near: models: learnt on %d features, there are %d: run `make refit`", len(m.Features), featureCount)
	}
	for i, name := range m.Features {
		if name != FeatureNames[i] {
			return m, fmt.Errorf("near: models: feature %d is %q, not %q: run `make refit`", i, name, FeatureNames[i])
		}
	}
	for _, t := range append(m.Story.Trees, m.Event.Trees...) {
		for _, at := range t.At {
			if int(at) >= featureCount {
				return m, fmt.Errorf("near: models: a tree asks for feature %d of %d", at, featureCount)
			}
		}
	}
	return m, nil
}

// Similarity of a pair, in [0, 1].
func (m *Model) Similarity(f *Features) float32 {
	return float32(1 / (1 + math.Exp(-float64(m.Linear(f)+m.Mend(f)))))
}

// Linear is the weighted sum, Mend what the trees add to it; both in logits.
func (m *Model) Linear(f *Features) float32 {
	sum := m.Bias
	for i, w := range m.Weights {
		sum += w * f[i]
	}
	return sum
}

func (m *Model) Mend(f *Features) (sum float32) {
	for i := range m.Trees {
		sum += m.Trees[i].leaf(f)
	}
	return sum
}

func (t *Tree) leaf(f *Features) float32 {
	i := 0
	for range 3 {
		next := 2*i + 1
		if f[t.At[i]] > t.Cut[i] {
			next++
		}
		i = next
	}
	return t.Leaf[i-7]
}
