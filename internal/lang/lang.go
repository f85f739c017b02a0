// Package lang knows what languages do to words: which language a text is in
// ([Of]), what the forms of a word have in common ([Stemmer]), and which
// traditional Chinese character is which simplified one ([Simplify]).
//
// It is pure, and below all other rooms but news: canon and query compare words
// in different ways, and both read its table of characters.
package lang

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// enough is how many bytes of a text are looked at to tell its language.
const enough = 600

// Of is the language of a text, as a BCP 47 tag: the declared one; where none
// is, that of its script; where several languages share that, the one whose
// small words it has. A few Latin words that tell nothing are read as English.
// "" is for a text without letters.
//
// Where the script of the text is not that of the declared language, the script
// is right: publishing systems say en-US until somebody changes it.
func Of(declared, text string) string {
	text = beginning(text)
	script := scriptOf(text)
	declared = strings.ReplaceAll(strings.TrimSpace(declared), "_", "-")
	foreign := script != nil && script != unicode.Latin && slices.Contains(latin, Primary(declared))
	if declared != "" && !foreign {
		return declared
	}
	if script == unicode.Latin {
		return bySmallWords(text)
	}
	return byLetters(script, text)
}

// Primary is the language of a tag without region and script: zh of zh-Hant-TW.
func Primary(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag)
}

func beginning(s string) string {
	if len(s) <= enough {
		return s
	}
	s = s[:enough]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// scripts are told apart in this order; the first ones are the most common.
var scripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Han, unicode.Cyrillic, unicode.Arabic, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Thai,
	unicode.Greek, unicode.Hebrew, unicode.Devanagari, unicode.Bengali, unicode.Tamil, unicode.Telugu, unicode.Gujarati,
	unicode.Gurmukhi, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Georgian, unicode.Armenian, unicode.Ethiopic,
	unicode.Khmer, unicode.Lao, unicode.Myanmar, unicode.Tibetan, unicode.Mongolian,
}

// scriptOf is the script of most letters; nil where there are none. A character
// of Chinese is worth a few letters: 习近平 in "Xi Jinping 习近平" is as much.
func scriptOf(text string) *unicode.RangeTable {
	var counts [32]int
	ascii := 0
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				ascii++
			}
		case 0x4E00 <= r && r <= 0x9FFF:
			counts[1] += 3
		case unicode.IsLetter(r):
			for i, s := range scripts {
				if unicode.Is(s, r) {
					counts[i]++
					break
				}
			}
		}
	}
	counts[0] += ascii
	if kana := counts[5] + counts[6]; kana > 0 && kana*8 >= counts[1]/3 { // Japanese has Han and kana
		counts[5] += counts[1] + counts[6]
		counts[1] = 0
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	if counts[best] == 0 {
		return nil
	}
	return scripts[best]
}

// byLetters is the language that a script is most written in, unless letters
// speak for another.
func byLetters(script *unicode.RangeTable, text string) string {
	switch script {
	case unicode.Han:
		return "zh"
	case unicode.Hiragana, unicode.Katakana:
		return "ja"
	case unicode.Cyrillic:
		return cyrillic(text)
	case unicode.Arabic:
		return byLetter(text, "ar", "ېۋۆۈڭ ug ٹڈڑےں ur ټډړږښ ps پچژگکی fa")
	}
	for i, tag := range strings.Fields("en zh ru ar ko ja ja th el he hi bn ta te gu pa kn ml si ka hy am km lo my bo mn") {
		if scripts[i] == script {
			return tag
		}
	}
	return ""
}

func cyrillic(text string) string {
	text = strings.ToLower(text)
	if strings.Contains(text, "ъ") && !strings.ContainsAny(text, "ыэё") { // Russian has it, too, but hardly a text without those
		return "bg"
	}
	return byLetter(text, "ru", "ў be қңғұө kk іїєґ uk ђјљњћџ sr ѓќѕ mk")
}

// byLetter is the first language of others (letters, tag, letters, tag …) that
// has a letter of its own in the text, else the usual one.
func byLetter(text, usual, others string) string {
	fields := strings.Fields(others)
	for i := 0; i+1 < len(fields); i += 2 {
		if strings.ContainsAny(text, fields[i]) {
			return fields[i+1]
		}
	}
	return usual
}

// bySmallWords counts the small words and special letters of each language:
// short headlines have few letters to count, and one "los" or "der".
func bySmallWords(text string) string {
	text = strings.ToLower(text)
	votes := map[string]int{}
	for w := range strings.FieldsSeq(text) { // not in parts: "G.O.P." has no Czech "o"
		tags := small[strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })]
		weight := 2
		if strings.Contains(tags, " ") {
			weight = 1
		}
		for tag := range strings.FieldsSeq(tags) {
			votes[tag] += weight
		}
	}
	plain := strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	best, most := latin[0], 0
	for _, tag := range latin {
		n := votes[tag]
		if !plain && strings.ContainsAny(text, letters[tag]) {
			n += 2
		}
		if n > most {
			best, most = tag, n
		}
	}
	return best
}
