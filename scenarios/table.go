package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Table is a list of rows, each with values by name. In a file it is a list of mappings, or a
// mapping of names to lists of values, which is a row for each combination. The value name of a row
// names it in reports.
type Table []Row

// Row is one row of a Table: values by name.
type Row map[string]json.RawMessage

// maxRows is the largest number of rows of a table.
const maxRows = 1000

// UnmarshalYAML reads a list of mappings or a mapping of lists.
func (t *Table) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	switch n.Kind {
	case yaml.SequenceNode:
		if err := construct((*[]Row)(t)); err != nil {
			return err
		}
	case yaml.MappingNode:
		if err := t.combine(n); err != nil {
			return err
		}
	default:
		return errors.New("expected a list of rows, or a mapping of names to lists of values")
	}
	switch {
	case len(*t) == 0:
		return wrong(n, "", "the table has no rows, so nothing would be checked")
	case len(*t) > maxRows:
		return wrong(n, "", "the table has %d rows: at most %d", len(*t), maxRows)
	}
	return t.sameColumns(n)
}

// combine makes a row for each combination of the values. The last name changes fastest.
func (t *Table) combine(n *yaml.Node) error {
	rows := []Row{{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, list := n.Content[i].Value, target(n.Content[i+1])
		if list.Kind != yaml.SequenceNode {
			return wrong(list, fmt.Sprintf("%s: [%s]", name, clip.Text(list.Value, 40)), "expected a list of values for %s", name)
		}
		if len(rows)*len(list.Content) > maxRows {
			return wrong(list, "", "the table has too many rows: at most %d", maxRows)
		}
		var next []Row
		for _, row := range rows {
			for _, item := range list.Content {
				value, err := strictyaml.AppendJSON(nil, item)
				if err != nil {
					return wrong(item, "", "%v", err)
				}
				extended := Row{name: value}
				for k, v := range row {
					extended[k] = v
				}
				next = append(next, extended)
			}
		}
		rows = next
	}
	if len(n.Content) > 0 {
		*t = rows
	}
	return nil
}

// sameColumns checks that all rows of a list have the same names, except name.
func (t Table) sameColumns(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode {
		return nil
	}
	var problems strictyaml.Problems
	columns := t.columns()
	for i, row := range t {
		for _, name := range columns {
			if _, ok := row[name]; !ok && name != rowName {
				problems = append(problems, strictyaml.At(target(n.Content[i]), fmt.Sprintf("row %d has no value %q, which other rows have", i+1, name), "write "+name+": null if it has none"))
			}
		}
	}
	return problems.Err()
}

// rowName is the column that names rows.
const rowName = "name"

// columns returns the names of the values of a table, sorted.
func (t Table) columns() []string {
	var names []string
	for _, row := range t {
		for name := range row {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// row is a row of a table and its name, which no other row has.
type row struct {
	name   string
	values map[string]any
}

// rows returns the rows with their names: the value name or, without one, all values.
func (t Table) rows() []row {
	list := make([]row, len(t))
	used := map[string]int{}
	for i, values := range t {
		list[i].values = map[string]any{}
		var words []string
		for _, name := range keys(values) {
			v := parsed(values[name])
			list[i].values[name] = v
			word := textOf(v)
			if len(values) > 1 {
				word = name + "=" + word
			}
			words = append(words, word)
		}
		name := strings.Join(words, ",")
		if named, ok := list[i].values[rowName]; ok {
			name = textOf(named)
		}
		name = clip.Text(strings.Join(strings.Fields(name), " "), 80)
		if used[name]++; used[name] > 1 {
			name = fmt.Sprintf("%s#%d", name, used[name])
		}
		list[i].name = name
	}
	return list
}

// Cases returns what is played for the scenario: one scenario for each row, or the scenario itself
// if it has no rows. The name of a row's scenario is NAME/ROW.
func (s *Scenario) Cases() []*Scenario {
	if len(s.Rows) == 0 {
		return []*Scenario{s}
	}
	var cases []*Scenario
	for _, r := range s.Rows.rows() {
		one := *s
		one.Rows, one.row = nil, &r
		one.Name = s.Name + "/" + r.name
		cases = append(cases, &one)
	}
	return cases
}

// scope returns the values that references to the row resolve to.
func (r *row) scope() map[string]any {
	if r == nil {
		return nil
	}
	return r.values
}
