package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// scriptRow is a row of scripts.
type scriptRow struct {
	document                 string
	revision                 string
	first, generation, young int64
	touched                  bool // it is in tx.dirtyScripts
}

// turnName names a row of turns.
type turnName struct {
	document string
	sequence int
	member   string
}

// turnRow is a row of turns.
type turnRow struct {
	turnName
	ordinal, taken, generation int64
	touched                    bool // it is in tx.dirtyTurns
}

// kept is the generation of members that are never forgotten.
const kept = math.MaxInt64

// documentID is the value of the columns document.
func documentID(kind, key string) string { return kind + "\x00" + key }

// turnTables are the rows of scripts and turns that a transaction has loaded. Rows that do not
// exist are nil.
type turnTables struct {
	scripts      map[string]*scriptRow
	turns        map[turnName]*turnRow
	dirtyScripts []*scriptRow
	dirtyTurns   []*turnRow
}

// addTurns adds queries for the turns of requests, and for their scripts.
func (t *tx) addTurns(names []turnName) {
	documents, sequences, members := newArray(typeBytea, 0), newArray(typeInt8, 0), newArray(typeBytea, 0)
	var scripts []string
	for _, name := range names {
		scripts = append(scripts, name.document)
		if _, known := t.turns[name]; known {
			continue
		}
		if t.turns == nil {
			t.turns = map[turnName]*turnRow{}
		}
		t.turns[name] = nil
		documents.addBytes([]byte(name.document))
		sequences.addNumber(int64(name.sequence))
		members.addBytes([]byte(name.member))
	}
	t.addScripts(scripts)
	if documents.len() == 0 {
		return
	}
	t.batch.add(sqlTurns, [][]byte{documents.data, sequences.data, members.data}, func(row [][]byte) error {
		r := &turnRow{turnName{string(row[0]), int(integer(row[1])), string(row[2])}, integer(row[3]), integer(row[4]), integer(row[5]), false}
		t.turns[r.turnName] = r
		return nil
	})
}

// addScripts adds a query for scripts.
func (t *tx) addScripts(documents []string) {
	list := missing(t.scripts, documents)
	if len(list) == 0 {
		return
	}
	if t.scripts == nil {
		t.scripts = map[string]*scriptRow{}
	}
	for _, document := range list {
		t.scripts[document] = nil
	}
	t.batch.add(sqlScripts, [][]byte{texts(list)}, func(row [][]byte) error {
		r := &scriptRow{string(row[0]), string(row[1]), integer(row[2]), integer(row[3]), integer(row[4]), false}
		t.scripts[r.document] = r
		return nil
	})
}

func (t *tx) touchScript(r *scriptRow) {
	t.changed = true
	if !r.touched {
		r.touched = true
		t.dirtyScripts = append(t.dirtyScripts, r)
	}
}

func (t *tx) touchTurn(r *turnRow) {
	t.changed = true
	if !r.touched {
		r.touched = true
		t.dirtyTurns = append(t.dirtyTurns, r)
	}
}

// addDirtyTurns adds the statements that write the changed scripts and turns.
func (t *tx) addDirtyTurns() {
	if len(t.dirtyScripts) > 0 {
		columns := newArrays(typeBytea, typeBytea, typeInt8, typeInt8, typeInt8)
		for _, r := range t.dirtyScripts {
			r.touched = false
			columns[0].addBytes([]byte(r.document))
			columns[1].addBytes([]byte(r.revision))
			for i, n := range []int64{r.first, r.generation, r.young} {
				columns[2+i].addNumber(n)
			}
		}
		t.dirtyScripts = t.dirtyScripts[:0]
		t.batch.add(sqlPutScripts, data(columns), nil)
	}
	if len(t.dirtyTurns) > 0 {
		columns := newArrays(typeBytea, typeInt8, typeBytea, typeInt8, typeInt8, typeInt8)
		for _, r := range t.dirtyTurns {
			r.touched = false
			columns[0].addBytes([]byte(r.document))
			columns[1].addNumber(int64(r.sequence))
			columns[2].addBytes([]byte(r.member))
			for i, n := range []int64{r.ordinal, r.taken, r.generation} {
				columns[3+i].addNumber(n)
			}
		}
		t.dirtyTurns = t.dirtyTurns[:0]
		t.batch.add(sqlPutTurns, data(columns), nil)
	}
}

// SwapScript replaces or deletes a document and, with another revision, forgets its turns.
func (s *store) SwapScript(ctx context.Context, kind, key string, before, doc json.RawMessage, revision string) error {
	var stored []byte
	if doc != nil {
		stored = text(doc)
	}
	document := documentID(kind, key)
	return s.submit(ctx, needs{turns: []turnName{{document: document}}}, func(t *tx) error {
		if err := t.checkDocument(kind, key, before); err != nil {
			return err
		}
		if doc == nil {
			if err := t.deleteDocument(kind, key); err != nil {
				return err
			}
			t.forgetTurns(document, kept)
			t.batch.add(sqlDeleteScript, [][]byte{text(document)}, nil)
			t.scripts[document] = nil
			return nil
		}
		if err := t.putDocument(kind, key, stored); err != nil {
			return err
		}
		if r := t.scripts[document]; r == nil || r.revision != revision {
			t.forgetTurns(document, kept)
			t.touchScript(t.newScript(document, revision))
		}
		return nil
	})
}

// newScript adds the row of a script that begins.
func (t *tx) newScript(document, revision string) *scriptRow {
	r := &scriptRow{document: document, revision: revision}
	t.scripts[document] = r
	return r
}

// forgetTurns deletes the turns of the members whose generation is that one or an older one; of all
// members if it is kept.
func (t *tx) forgetTurns(document string, generation int64) {
	t.addFlush()
	t.batch.add(sqlDeleteTurns, [][]byte{text(document), number(generation)}, nil)
	for name, r := range t.turns {
		if r != nil && name.document == document && r.generation <= generation {
			t.turns[name] = nil
		}
	}
}

// Turn takes a turn.
func (s *store) Turn(ctx context.Context, k journal.TurnKey) (journal.Turn, error) {
	name := turnName{documentID(k.Kind, k.Key), k.Sequence, k.Member}
	var taken journal.Turn
	err := s.submit(ctx, needs{turns: []turnName{name}}, func(t *tx) (err error) {
		taken, err = t.turn(k, name)
		return err
	})
	return taken, err
}

func (t *tx) turn(k journal.TurnKey, name turnName) (journal.Turn, error) {
	script := t.scripts[name.document]
	if script == nil {
		// A document that was put without SwapScript, for example by an earlier version.
		_, found, err := t.documentSize(k.Kind, k.Key)
		if err != nil {
			return journal.Turn{}, err
		}
		if found {
			script = t.newScript(name.document, k.Revision)
			t.touchScript(script)
		}
	}
	if script == nil || script.revision != k.Revision {
		return journal.Turn{}, fmt.Errorf("%s %q, revision %q: %w", k.Kind, k.Key, k.Revision, journal.ErrOutdated)
	}
	r := t.turns[name]
	switch {
	case r == nil && k.First > 0 && script.first >= int64(k.First):
		return journal.Turn{Ordinal: k.First}, nil
	case r == nil:
		r = &turnRow{turnName: name, generation: kept}
		if k.First > 0 {
			r.ordinal = script.first
			script.first++
			t.touchScript(script)
		} else if k.Member != "" {
			r.generation = -1 // none yet
		}
		t.turns[name] = r
	}
	if r.generation < script.generation {
		t.rejuvenate(script, r)
	}
	taken := journal.Turn{Taken: uint64(r.taken), Ordinal: int(r.ordinal)}
	r.taken++
	t.touchTurn(r)
	return taken, nil
}

// rejuvenate moves a member to the generation of a script. If that is full, another one begins, and
// the members are forgotten that took no turn since the generation before it began.
func (t *tx) rejuvenate(script *scriptRow, r *turnRow) {
	if script.young >= t.w.s.remembered {
		script.generation++
		script.young = 0
		t.forgetTurns(script.document, script.generation-2)
		t.turns[r.turnName] = r
	}
	r.generation = script.generation
	script.young++
	t.touchScript(script)
}
