"""How often the verdict on a random contact is right, undecided or wrong.

    python tests/benchmarks/confusion_matrix.py --count 440 --first 1000

Truths go round with the seed (see `random_instances`). Besides the matrix it counts the contacts that can be decided:
the best wrong model costs delta chi2 > 25, or a field or the history tells.
"""

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT), str(Path(__file__).resolve().parent)]

from random_instances import TRUTHS, Instance, make_instance  # noqa: E402

from analysis.collapse import fit_exponent  # noqa: E402
from analysis.corrections import Corrections  # noqa: E402
from analysis.errors import AnalysisError, DataError  # noqa: E402
from analysis.evidence import Evidence, has_centre, weigh  # noqa: E402
from analysis.features import find_features  # noqa: E402
from analysis.parameters import find_parameters  # noqa: E402

VERDICTS = (*TRUTHS, "undecided")
DECIDING_COST = 25.0


@dataclass(frozen=True)
class Outcome:
    """One contact judged."""

    seed: int
    truth: str
    verdict: str
    cost: float
    best_wrong: str
    is_decidable: bool
    seconds: float

    @property
    def is_right(self) -> bool:
        """Say whether the verdict names the mechanism."""
        return self.verdict == self.truth

    @property
    def is_wrong(self) -> bool:
        """Say whether the verdict names another one."""
        return self.verdict not in (self.truth, "undecided")


def judge(instance: Instance) -> Evidence:
    """Return the evidence as `zerobias analyze` would."""
    fit, parameters, failure = None, None, ""
    try:
        fit = fit_exponent(instance.curves, None, Corrections(bias_offset_V="auto"))
        if not has_centre(instance.curves, fit):
            raise DataError("no centre of symmetry near zero bias")
        parameters = find_parameters(instance.curves, fit)
    except AnalysisError as error:
        fit, failure = None, str(error)
    features = find_features(instance.curves, fit)
    return weigh(instance.curves, fit, parameters, features, instance.history, fit_failure=failure)


def best_wrong(instance: Instance, evidence: Evidence) -> tuple[float, str]:
    """Return what the best wrong model costs in delta chi2 against the truth, and its name."""
    comparison = evidence.comparison
    if comparison is None:
        return 0.0, "none"
    wrong = {name: fit.chi2 for name, fit in comparison.fits.items() if name != instance.truth}
    # two-level systems without splitting are a case of those with one: not a wrong model
    if instance.truth == "2CK":
        wrong.pop("2CK-with-splitting")
    name = min(wrong, key=lambda key: wrong[key])
    if instance.truth in comparison.fits:
        return wrong[name] - comparison.fits[instance.truth].chi2, name
    if instance.truth in ("ucf", "telegraph"):
        return instance.hidden_chi2, name
    return wrong[name] - comparison.points, name


def run(seed: int) -> Outcome:
    """Make and judge the contact of a seed."""
    instance = make_instance(seed)
    start = time.process_time()
    evidence = judge(instance)
    seconds = time.process_time() - start
    cost, name = best_wrong(instance, evidence)
    field_decides = instance.field_effect_S > 3.0 * instance.level_error_S
    is_decidable = cost > DECIDING_COST or field_decides or bool(instance.history)
    return Outcome(seed, instance.truth, evidence.verdict, cost, name, is_decidable, seconds)


def matrix(outcomes: list[Outcome]) -> dict[str, Counter[str]]:
    """Return how often each truth got each verdict."""
    return {truth: Counter(o.verdict for o in outcomes if o.truth == truth) for truth in TRUTHS}


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """Return the numbers that count."""
    decidable = [o for o in outcomes if o.is_decidable]
    return {
        "instances": len(outcomes),
        "wrong": sum(o.is_wrong for o in outcomes),
        "right": sum(o.is_right for o in outcomes),
        "decidable": len(decidable),
        "right of decidable": sum(o.is_right for o in decidable),
        "seconds": sum(o.seconds for o in outcomes),
    }


def as_text(outcomes: list[Outcome]) -> str:
    """Return the matrix as a table, truths down, verdicts across."""
    counts = matrix(outcomes)
    width = max(map(len, VERDICTS))
    head = " " * (width + 2) + " ".join(f"{name[:9]:>9}" for name in VERDICTS)
    rows = [
        f"{truth:<{width}}  " + " ".join(f"{counts[truth][name] or '.':>9}" for name in VERDICTS) for truth in TRUTHS
    ]
    return "\n".join([head, *rows])


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=440)
    parser.add_argument("--first", type=int, default=100_000, help="first seed")
    parser.add_argument("--document", type=Path, help="write a page with the matrix, and a figure beside it")
    parser.add_argument("--outcomes", type=Path, help="write every outcome as JSON lines")
    arguments = parser.parse_args()
    outcomes = []
    for seed in range(arguments.first, arguments.first + arguments.count):
        outcomes.append(run(seed))
        if outcomes[-1].is_wrong:
            print(f"wrong: {outcomes[-1]}", flush=True)
    print(as_text(outcomes))
    numbers = summary(outcomes)
    print(json.dumps(numbers))
    if arguments.outcomes:
        arguments.outcomes.write_text("".join(json.dumps(asdict(outcome)) + "\n" for outcome in outcomes))
    if arguments.document:
        from confusion_document import write_document

        write_document(arguments.document, outcomes, arguments.first)


if __name__ == "__main__":
    main()
