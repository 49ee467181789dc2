package catalog

import "strings"

// advise ends a message about an unknown word: what was probably meant, and
// what there is. aliases are words that stand for a known one elsewhere.
func advise(word string, known []string, aliases map[string]string) string {
	near := nearest(word, known)
	if meant := aliases[bare(word)]; meant != "" {
		near = meant
	}
	out := ";"
	if near != "" {
		out = "; did you mean " + near + "?"
	}
	if len(known) == 0 {
		return strings.TrimSuffix(out, ";")
	}
	return out + " known: " + strings.Join(known, ", ")
}

// bare is s without what people write differently: case, dashes, underscores.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}

// nearest returns the known word that a mistyped one probably means, empty
// when none is near.
func nearest(word string, known []string) string {
	if len(word) > 64 { // nobody mistypes that much
		return ""
	}
	w := bare(word)
	best, least := "", max(1, len(w)/3)+1
	for _, k := range known {
		if dist := distance(w, bare(k)); dist < least {
			best, least = k, dist
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour that make b of a.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
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
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
