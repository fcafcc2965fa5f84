package config

import "strings"

// nearest returns the candidate that word is most probably a misspelling of, "" if
// none is near. Case and spaces do not count. Short words must match closely: two
// letters of three are no misspelling, they are another word.
func nearest(word string, candidates []string) string {
	word = normalizeName(word)
	limit := 3
	switch n := len(word); {
	case n < 3:
		return ""
	case n < 6:
		limit = 1
	case n < 10:
		limit = 2
	}
	best, found := limit+1, ""
	for _, c := range candidates {
		folded := normalizeName(c)
		if abs(len(folded)-len(word)) >= best {
			continue
		}
		if d := editDistance(word, folded); d < best {
			best, found = d, c
		}
	}
	return found
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment), in bytes.
func editDistance(a, b string) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// normalizeName brings a property's name to the form in which names are compared.
func normalizeName(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' {
			return -1
		}
		return r
	}, name))
}

// didYouMean is the end of an error text, "" without a suggestion.
func didYouMean(suggestion string) string {
	if suggestion == "" {
		return ""
	}
	return ": did you mean " + suggestion + "?"
}
