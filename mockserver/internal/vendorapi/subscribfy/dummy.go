package subscribfy

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// The guide's two payloads look like the output of a library that makes up data: a person who does
// not exist, words of no language, a date long ago, a status that contradicts the topic. A Test
// Call sends such data.
const (
	firstNames = "Abbie Adela Barton Carmella Dagmar Edwina Fabian Greta Hollis Ilene Jarvis Kenya Leif Marlen Nikita Orval Petra Rollin Selmer Trudie Ulises Vada Wilfrid Zelda"
	lastNames  = "Abshire Bednar Conroy Dooley Ebert Franecki Gislason Hegmann Jacobi Kshlerin Labadie Mertz Nolan Okuneva Predovic Quitzon Runte Schimmel Torphy Upton Volkman Wunsch"
	titles     = "DDS,DVM,I,II,III,Jr.,MD,PhD,Sr.,V"
	endings    = "com com com net org biz info"
	words      = "Accusamus Consequatur Deserunt Dolorem Eveniet Facilis Harum Impedit Laborum Molestiae Nihil Occaecati Perferendis Quaerat Repellat Soluta Tempora Ullam Vitae Voluptas"
	statuses   = "Created Installed Removed"
)

// dummy returns what a Test Call overwrites in a rendered event: the customer, and the rest of what
// the guide shows.
func dummy(rng *rand.Rand, category, file string) []fixtures.Setting {
	var set []fixtures.Setting
	put := func(pointer string, value any) {
		text, _ := json.Marshal(value) // of texts, numbers and null, which are always JSON
		set = append(set, fixtures.Setting{Pointer: "/data/" + pointer, Value: text})
	}
	pick := func(list, by string) string {
		all := strings.Split(list, by)
		return all[rng.IntN(len(all))]
	}
	cents := func(most float64) float64 { return math.Round(rng.Float64()*most*100) / 100 }
	if !isAdmin(file) {
		first, last := pick(firstNames, " "), pick(lastNames, " ")
		name := first + " " + last
		if rng.IntN(4) == 0 {
			name += " " + pick(titles, ",")
		}
		put("customer/id", fmt.Sprintf("gid://shopify/Customer/%09d", rng.IntN(1e9)))
		put("customer/email", strings.ToLower(fmt.Sprintf("%s.%s@%s.%s", first, last, pick(lastNames, " "), pick(endings, " "))))
		put("customer/name", name)
		put("customer/loyalty_points", cents(100))
		put("customer/birth_date", nil)
		put("customer/store_credits", cents(100))
		if category != "loyalty" { // whose events may be about the tier
			put("customer/tier", nil)
		}
	}
	switch {
	case category == "wallet_pass":
		day := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rng.IntN(365*50))
		put("pass_instance/status", pick(statuses, " "))
		put("pass_instance/serial_number", fmt.Sprintf("%09d", rng.IntN(1e9)))
		put("pass_instance/created_at", day.Format("2006-01-02T15:04:05.000000Z"))
		put("pass_instance/deleted_at", nil)
	case file == "membership/store_credits_changed":
		put("credits_history/message", pick(words, " ")+".")
		put("credits_history/value", cents(100))
		put("credits_history/type", pick("Earn Redeem", " "))
	}
	return set
}

// isAdmin says whether an event is about the programme itself and not about a customer.
func isAdmin(file string) bool {
	for _, k := range adminKinds() {
		if file == k.created() || file == k.updated() {
			return true
		}
	}
	return false
}
