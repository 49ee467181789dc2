package catalog

import "strings"

// nearest returns the known word that a mistyped one probably means, empty
// when none is near. Case, dashes and underscores count for nothing.
func nearest(word string, known []string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r == '_' || r == '-' || r == ' ' {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	if len(word) > 64 { // nobody mistypes that much
		return ""
	}
	w := plain(word)
	best, least := "", max(1, len(w)/3)+1
	for _, k := range known {
		if dist := distance(w, plain(k)); dist < least {
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
