package jq

import (
	"sync"

	"github.com/itchyny/gojq"
)

// prelude has the functions that jq defines in jq. They are rewritten like a program, and may call
// internal functions. A function calls only functions above it. The definitions are those of gojq
// (MIT licence, © itchyny), except for sub, gsub and assignments, which take the cost of their
// paths first.
const prelude = `
def map(f): [.[] | f];
def add(f): [f] | add;
def in(xs): . as $x | xs | has($x);
def abs: if . < 0 then -. else . end;
def not: if . then false else true end;
def select(f): if f then . else empty end;

def recurse(f): def r: ., (f | r); r;
def recurse: recurse(.[]?);
def recurse(f; cond): def r: ., (f | select(cond) | r); r;

def while(cond; update):
  def _while: if cond then ., (update | _while) else empty end;
  _while;
def until(cond; next):
  def _until: if cond then . else next | _until end;
  _until;
def repeat(f):
  def _repeat: f, _repeat;
  _repeat;
def range($end): _range(0; $end; 1);
def range($start; $end): _range($start; $end; 1);
def range($start; $end; $step): _range($start; $end; $step);

def first: .[0];
def first(g): label $out | g | ., break $out;
def last: .[-1];
def last(g): _last(g);
def isempty(g): label $out | (g | false, break $out), true;
def all(g; y): isempty(g | select(y | not));
def all(y): all(.[]; y);
def all: all(.);
def any(g; y): isempty(g | select(y)) | not;
def any(y): any(.[]; y);
def any: any(.);

def limit($n; g):
  if $n > 0 then
    label $out |
    foreach g as $item (
      $n;
      . - 1;
      $item, if . <= 0 then break $out else empty end
    )
  elif $n == 0 then
    empty
  else
    error("limit doesn't support negative count")
  end;
def skip($n; g):
  if $n > 0 then
    foreach g as $item (
      $n;
      . - 1;
      if . < 0 then $item else empty end
    )
  elif $n == 0 then
    g
  else
    error("skip doesn't support negative count")
  end;
def nth($n): .[$n];
def nth($n; g):
  if $n >= 0 then
    first(skip($n; g))
  else
    error("nth doesn't support negative index")
  end;

def _set(p; $x): [path(p)] as $paths | _paid($paths) | _assign(getpath($paths[]); $x);
def _change(p; f): [path(p)] as $paths | _paid($paths) | _modify(getpath($paths[]); f);
def _change_add(p; $x): _change(p; . + $x);
def _change_subtract(p; $x): _change(p; . - $x);
def _change_multiply(p; $x): _change(p; . * $x);
def _change_divide(p; $x): _change(p; . / $x);
def _change_modulo(p; $x): _change(p; . % $x);
def _change_alternative(p; $x): _change(p; . // $x);

def map_values(f): .[] |= f;
def to_entries: [keys[] as $k | {key: $k, value: .[$k]}];
def from_entries: map({ (.key // .Key // .name // .Name):
  if has("value") then .value else .Value end }) | add // {};
def with_entries(f): to_entries | map(f) | from_entries;

def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));

def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def finites: select(isfinite);
def normals: select(isnormal);
def strings: select(type == "string");
def nulls: select(. == null);
def values: select(. != null);
def scalars: select(type | . != "array" and . != "object");

def combinations:
  if length == 0 then
    []
  else
    .[0][] as $x | [$x] + (.[1:] | combinations)
  end;
def combinations(n): [limit(n; repeat(.))] | combinations;

def walk(f):
  def _walk:
    if type == "array" then
      map(_walk)
    elif type == "object" then
      map_values(_walk)
    end | f;
  _walk;

def truncate_stream(f):
  . as $n | null | f |
  if .[0] | length > $n then .[0] |= .[$n:] else empty end;
def fromstream(f):
  foreach f as $pv (
    null;
    if .e then null end |
    $pv as [$p, $v] |
    if $pv | length == 2 then
      setpath(["v"] + $p; $v) |
      setpath(["e"]; $p | length == 0)
    else
      setpath(["e"]; $p | length == 1)
    end;
    if .e then .v else empty end
  );
def tostream:
  path(def r: (.[]? | r), .; r) as $p |
  getpath($p) |
  reduce path(.[]?) as $q ([$p, .]; [$p + $q]);

def del(f): delpaths([path(f)]);
def paths: path(..) | select(. != []);
def paths(f): path(.. | select(f)) | select(. != []);
def pick(f): . as $v |
  reduce path(f) as $p (null; setpath($p; $v | getpath($p)));

def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%S%z") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def todate: todateiso8601;

def match($re; $flags): _match($re; $flags; false)[];
def match($re):
  if $re | type == "array" then match($re[0]; $re[1]) else match($re; null) end;
def test($re; $flags): _match($re; $flags; true);
def test($re):
  if $re | type == "array" then test($re[0]; $re[1]) else test($re; null) end;
def capture($re; $flags): match($re; $flags) | .captures | _captures;
def capture($re):
  if $re | type == "array" then capture($re[0]; $re[1]) else capture($re; null) end;
def scan($re; $flags):
  match($re; $flags + "g") |
  if .captures == [] then
    .string
  else
    [.captures[].string]
  end;
def scan($re): scan($re; null);
def splits($re; $flags):
  .[foreach (match($re; $flags + "g"), null) as {$offset, $length}
      (null; {start: .next, end: $offset, next: $offset + $length})];
def splits($re): splits($re; null);
def split($re; $flags): [splits($re; $flags)];
def sub($re; str; $flags):
  [match($re; $flags)] as $matches |
  if $matches == [] then
    .
  else
    _splice($matches; [$matches[] | [.captures | _captures | str]])[]
  end;
def sub($re; str): sub($re; str; null);
def gsub($re; str; $flags): sub($re; str; $flags + "g");
def gsub($re; str): sub($re; str; "g");

def INDEX(stream; idx_expr):
  reduce stream as $row ({}; .[$row | idx_expr | tostring] = $row);
def INDEX(idx_expr):
  INDEX(.[]; idx_expr);
def JOIN($idx; idx_expr):
  [.[] | [., $idx[idx_expr]]];
def JOIN($idx; stream; idx_expr):
  stream | [., $idx[idx_expr]];
def JOIN($idx; stream; idx_expr; join_expr):
  stream | [., $idx[idx_expr]] | join_expr;
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
.`

// defined has the rewritten functions of the prelude in order, and which of them each calls.
type defined struct {
	functions []*gojq.FuncDef
	calls     []map[int]bool
	place     map[signature]int
}

// signature identifies a function.
type signature struct {
	name  string
	arity int
}

// definitions parses the prelude once.
var definitions = sync.OnceValue(func() *defined {
	query, err := gojq.Parse(prelude)
	if err != nil {
		panic("jq: prelude: " + err.Error())
	}
	d := &defined{place: map[signature]int{}}
	for _, f := range query.FuncDefs {
		d.place[signature{f.Name, len(f.Args)}] = len(d.functions)
		w := &rewriter{prelude: d, internal: true, needs: map[int]bool{}}
		d.functions = append(d.functions, w.function(f))
		d.calls = append(d.calls, w.needs)
		if w.err != nil {
			panic("jq: prelude: " + w.err.Error())
		}
	}
	return d
})

// needed returns the given functions of the prelude with all functions that they call.
func (d *defined) needed(by map[int]bool) []*gojq.FuncDef {
	all := make([]bool, len(d.functions))
	for i := len(d.functions) - 1; i >= 0; i-- { // callees come before callers
		if !all[i] && !by[i] {
			continue
		}
		all[i] = true
		for called := range d.calls[i] {
			all[called] = true
		}
	}
	var out []*gojq.FuncDef
	for i, used := range all {
		if used {
			out = append(out, d.functions[i])
		}
	}
	return out
}
