# Shared by the lint tests: code without comments and strings, and one TAP line a rule.
failures=0

# Prints FILE:LINE:TEXT of C files, comments and literals blanked, so that prose is never an offence.
code() {
	perl -e '
		for my $file (@ARGV) {
			open my $in, "<", $file or die "$file: $!\n";
			my $text = do { local $/; <$in> };
			my $blank = sub { my $was = shift; $was =~ s/[^\n]/ /g; $was };
			$text =~ s{("(?:\\.|[^"\\\n])*"|\x27(?:\\.|[^\x27\\\n])*\x27)|(/\*.*?\*/|//[^\n]*)}
				{ defined $2 ? $blank->($2) : length($1) > 2 ? substr($1, 0, 1) . $blank->(substr($1, 1, -1)) . substr($1, -1) : $1 }gse;
			my $n = 0;
			print "$file:" . ++$n . ":$_\n" for split /\n/, $text, -1;
		}' "$@"
}

# FILE:LINE:NAME of every include.
includes() {
	grep -HnE '^[[:space:]]*#[[:space:]]*include' "$@" | sed -E 's/#[[:space:]]*include[[:space:]]*[<"]([^>"]*)[>"].*/\1/'
}

# rule SENTENCE: good when standard input is empty; each line of it is an offender.
rule() {
	local offenders
	offenders=$(cat)
	if [ -z "$offenders" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		sed 's/^/#   /' <<<"$offenders"
		failures=1
	fi
}
