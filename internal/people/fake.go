package people

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/brianvoe/gofakeit/v7/data"
)

// The functions of this file draw what gofakeit's functions of these names draw, from gofakeit's
// tables and with the same random numbers; the tests compare them. They are here because the
// library's package also links its 300 other functions, image encoders and templates, and because
// its user agents change with the current year.

// Company returns the name of a company.
func (m *Generator) Company() string { return m.pick(data.Company["name"]) }

// Color returns the name of a color.
func (m *Generator) Color() string { return m.pick(data.Colors["full"]) }

// Word returns a word of pseudo-Latin.
func (m *Generator) Word() string { return m.pick(data.Lorem["word"]) }

// Product returns the name of a product, of two or three words.
func (m *Generator) Product() string {
	name := m.pick(data.Product["name"])
	adjective := func() string {
		if m.between(1, 5) == 1 {
			return m.pick(data.Product["adjective"]) + "-" + m.pick(data.Product["adjective"])
		}
		return m.pick(data.Product["adjective"])
	}
	suffix := func() string { return m.pick(data.Product["suffix"]) }
	material := func() string { return m.pick(data.Product["material"]) }
	feature := func() string { return m.pick(data.Product["feature"]) }
	two := m.Rand.Float32()*100 <= 70
	kind := m.between(0, 4)
	switch {
	case two && kind <= 1:
		return titled(adjective(), name)
	case two && kind == 2:
		return titled(name, suffix())
	case two && kind == 3:
		return titled(material(), name)
	case two:
		return titled(feature(), name)
	case kind <= 1:
		return titled(adjective(), name, suffix())
	case kind == 2:
		return titled(name, feature(), suffix())
	case kind == 3:
		return titled(adjective(), feature(), name)
	}
	return titled(name, material(), suffix())
}

// IPv4 returns an address, such as 198.51.100.7.
func (m *Generator) IPv4() string {
	octet := func() int { return m.Rand.IntN(256) }
	return fmt.Sprintf("%d.%d.%d.%d", octet(), octet(), octet(), octet())
}

// UserAgent returns the User-Agent line of a browser.
func (m *Generator) UserAgent() string {
	n := func(from, to int) string { return strconv.Itoa(m.between(from, to)) }
	windows := func() string { return m.pick(data.Computer["windows_platform"]) }
	linux := func() string { return "X11; Linux " + m.pick(data.Computer["linux_processor"]) }
	mac := func() string {
		return "Macintosh; " + m.pick(data.Computer["mac_processor"]) + " Mac OS X 10_" + n(5, 9) + "_" + n(0, 10)
	}
	platform := func() string { return m.pick([]string{linux(), mac(), windows()}) }
	switch m.between(0, 4) {
	case 1:
		version := "Gecko/" + m.day() + " Firefox/" + n(35, 37) + ".0"
		return "Mozilla/5.0 " + m.pick([]string{
			"(" + windows() + "; en-US; rv:1.9." + n(0, 3) + ".20) " + version,
			"(" + linux() + "; rv:" + n(5, 8) + ".0) " + version,
			"(" + mac() + " rv:" + n(2, 7) + ".0) " + version,
		})
	case 2:
		build := n(531, 536) + "." + n(1, 51) + "." + n(1, 8)
		engine := ") AppleWebKit/" + build + " (KHTML, like Gecko) Version/"
		version := n(4, 6) + "." + n(0, 2)
		return "Mozilla/5.0 " + m.pick([]string{
			"(Windows; U; " + windows() + engine + version + " Safari/" + build,
			"(" + mac() + " rv:" + n(4, 7) + ".0; en-US" + engine + version + " Safari/" + build,
			"(" + m.pick([]string{"iPhone; CPU iPhone OS", "iPad; CPU OS"}) + " " + n(7, 9) + "_" + n(0, 3) + "_" + n(1, 3) +
				" like Mac OS X; en-US" + engine + n(3, 5) + ".0.5 Mobile/8B" + n(111, 120) + " Safari/6" + build,
		})
	case 3:
		engine := "(" + platform() + "; en-US) Presto/2." + n(8, 13) + "." + n(160, 355) + " Version/" + n(10, 13) + ".00"
		return "Opera/" + n(8, 10) + "." + n(10, 99) + " " + engine
	}
	build := n(531, 536) + n(0, 2)
	version := n(36, 40) + ".0." + n(800, 899)
	return "Mozilla/5.0 (" + platform() + ") AppleWebKit/" + build + " (KHTML, like Gecko) Chrome/" + version + ".0 Mobile Safari/" + build
}

// day returns a day of the years 1900 to 2026, such as 1987-03-14.
func (m *Generator) day() string {
	year, month, day := m.between(1900, 2026), m.between(1, 12), m.between(1, 31)
	for _, most := range []int{23, 59, 59, 999_999_999} { // the time of the day is drawn too
		m.between(0, most)
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// between returns a number between two numbers, which are included.
func (m *Generator) between(from, to int) int { return from + m.Rand.IntN(to-from+1) }

func (m *Generator) pick(list []string) string { return list[m.Rand.IntN(len(list))] }

// titled joins words and makes their first letters, also those behind a hyphen, capital.
func titled(words ...string) string {
	before := ' '
	return strings.Map(func(letter rune) rune {
		if !unicode.IsLetter(before) && !unicode.IsDigit(before) && before != '_' && (before <= unicode.MaxASCII || unicode.IsSpace(before)) {
			before = letter
			return unicode.ToTitle(letter)
		}
		before = letter
		return letter
	}, strings.Join(words, " "))
}
