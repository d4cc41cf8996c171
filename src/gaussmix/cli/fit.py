"""gaussmix fit: a mixture for the user's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..components.prior import get_prior
from ..components.variational_prior import VariationalPrior, check_positive
from ..components.weights.process import DirichletProcess
from ..em.choices import HighestLikelihood, get_choice, list_choices
from ..em.model import Model as FittedModel
from ..em.model import VariationalModel
from ..em.options import Options
from ..em.result import FitResult
from ..exceptions import FitInterrupted, ParameterError
from ..fitting.believed import in_use, of_expected, posterior_of, pruned
from ..fitting.fit import fit_mixture
from ..interchange.checkpoint import Checkpoint, open_keeper
from ..interchange.model import Model, model_from_result, to_json
from ..numerics.arguments import check_integer, check_number
from ..starts import Start, get_start, list_starts
from ..starts.fewer import Fewer
from .console import notes, print_json, progress, results, say, warn
from .data import errors_in, open_data
from .groups import fit_groups, refuse_given
from .missingness import missingness_tables
from .options import (
    ColumnsOption,
    ComponentsOption,
    CovarianceOption,
    DensityOption,
    DeviationsOption,
    DofOption,
    ErrorsOption,
    JsonOption,
    SeedOption,
    as_kind,
    as_share,
    split_names,
)
from .output import check_out, save_and_tell, save_or_fall_back
from .reading import Data, reads_files
from .report import feature_names, whole_report


@reads_files
def command(
    data: Data,
    components: ComponentsOption = 1,
    covariance: CovarianceOption = "full",
    columns: ColumnsOption = None,
    weights: Annotated[
        str | None, typer.Option(help="Column of sample weights (counts of a histogram, ...).")
    ] = None,
    errors: ErrorsOption = None,
    deviations: DeviationsOption = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="A model for each value of this column; --out is then a table (.csv, .parquet, "
            "...), or a folder of model files."
        ),
    ] = None,
    starts: Annotated[int, typer.Option(help="Number of starts; the best is kept.")] = 1,
    init: Annotated[
        str, typer.Option(help=f"Where EM starts: {', '.join(list_starts())}.")
    ] = "race",
    select: Annotated[
        str,
        typer.Option(
            help="Which of the optima found is kept: "
            f"{'; '.join(f'{own.name}: {own.summary}' for own in list_choices())}."
        ),
    ] = "predictive",
    tol: Annotated[
        float, typer.Option(help="Stop when the log-likelihood still to come is below this a row.")
    ] = 1e-6,
    max_iter: Annotated[int, typer.Option(help="Most iterations.")] = 1000,
    reg_covar: Annotated[
        float, typer.Option(help="Added to the variances, for nearly singular data.")
    ] = 0.0,
    noise: Annotated[
        float | None,
        typer.Option(help="Add a uniform background, label -1, with this share of rows at first."),
    ] = None,
    density: DensityOption = "normal",
    dof: DofOption = None,
    prior: Annotated[
        bool, typer.Option("--prior", help="mclust's conjugate prior, against collapse.")
    ] = False,
    bayesian: Annotated[
        bool,
        typer.Option(
            "--bayesian",
            help="Variational inference: --components is the most there may be, and those "
            "without rows are left out.",
        ),
    ] = False,
    concentration: Annotated[
        float | None,
        typer.Option(help="With --bayesian: the smaller, the fewer. Default: 1 / components."),
    ] = None,
    seed: SeedOption = 0,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Model file to write.")] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Save the state of the fit here every minute, and when interrupted."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the --checkpoint, if there is one.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Fit a mixture to data and save it as a model file; with --by one to each group of rows."""
    chosen = split_names("--columns", columns)
    if by is not None:
        refuse_given(
            {
                "--select": select != "predictive",
                "--reg-covar": reg_covar != 0.0,
                "--density student": density != "normal" or dof is not None,
                "--bayesian": bayesian or concentration is not None,
                "--checkpoint": checkpoint is not None or resume,
                "--errors": errors is not None or deviations is not None,
            }
        )
        how = {"covariance_type": covariance, "tol": tol, "max_iter": max_iter}
        how |= {"n_components": components, "random_state": seed, "n_init": starts}
        how |= {"noise": noise, "prior": "conjugate" if prior else None}
        how |= {} if init == "race" else {"init_params": init}
        fit_groups(data, by, chosen, weights, out, as_json=json, **how)
        return
    family, own = as_kind(covariance, density, dof)
    fitted = FittedModel(
        n_components=check_integer("--components", components, minimum=1),
        family=family,
        density=own,
        background=noise is not None,
        prior=get_prior("conjugate" if prior else None),
        reg_covar=check_number("--reg-covar", reg_covar),
    )
    start, choice = _start(init), get_choice(select, "--select")
    if bayesian:
        fitted, start, choice = _bayesian(fitted, concentration), Fewer(start), HighestLikelihood()
    elif concentration is not None:
        raise ParameterError("--concentration: only with --bayesian")
    options = Options(
        tol=check_number("--tol", tol),
        max_iter=check_integer("--max-iter", max_iter, minimum=1),
        n_init=check_integer("--starts", starts, minimum=1),
        select=choice,
    )
    share = None if noise is None else as_share("--noise", noise)
    if out is not None:
        check_out(out, *data.files)
    keeper = open_keeper(_checkpoint(checkpoint, resume=resume))
    source = open_data(data, chosen, weights, errors=errors_in(errors, deviations))
    try:
        with progress(data.title, quiet=json) as callback:
            result = fit_mixture(
                source,
                fitted,
                start,
                options,
                rng=np.random.default_rng(seed),
                callback=callback,
                noise=share,
                keeper=keeper,
            )
    except FitInterrupted as interrupted:
        _save_interrupted(_shown(interrupted.result), out)
        if checkpoint is not None:
            notes().print("Go on with the same command and --resume.", markup=False)
        raise typer.Exit(130) from None
    except KeyboardInterrupt:  # while the data are looked at, or a start is made
        say("interrupted", "bold red", "before the first iteration")
        raise typer.Exit(130) from None
    result = _shown(result)
    for message in result.warnings():
        warn(message)
    for message in result.notices():
        say("note:", "bold cyan", message)
    model = model_from_result(result)
    try:
        if result.missing is not None and not json:
            names = feature_names(result.mixture)
            results().print(missingness_tables(result.missing, names))
        _print(model, as_json=json)
    finally:  # whatever becomes of the output, the fit is not lost
        if out is not None:
            save_and_tell(model, out, None if json else f"Next: gaussmix predict {out} DATA")


def _bayesian(model: FittedModel, concentration: float | None) -> VariationalModel:
    """Return the same with a distribution for its parameters, or say what it cannot have."""
    refused = {
        "--density student": not model.density.plain,
        "--noise": model.background,
        "--prior": model.prior is not None,
    }
    for option, is_given in refused.items():
        if is_given:
            raise ParameterError(f"{option}: a Bayesian mixture has none; leave out --bayesian")
    size = 1.0 / model.n_components
    if concentration is not None:
        size = check_positive("--concentration", concentration)
    beliefs = VariationalPrior(DirichletProcess(size))
    return VariationalModel(
        model.n_components, model.family, reg_covar=model.reg_covar, beliefs=beliefs
    )


def _shown(result: FitResult) -> FitResult:
    """Return a fit as users see it: of expected parameters, components in use alone."""
    if not result.model.is_bound:
        return result
    posterior = posterior_of(result)
    kept = in_use(posterior)
    return of_expected(pruned(result, kept), posterior.take(kept))


def _checkpoint(path: Path | None, *, resume: bool) -> Checkpoint | None:
    if path is None:
        if resume:
            raise ParameterError("--resume: needs --checkpoint, the file to go on from")
        return None
    if path.is_dir():
        raise ParameterError(f"--checkpoint: {path} is a folder; name a file in it")
    return Checkpoint(path, resume=resume)


def _start(name: str) -> Start:
    if name not in list_starts():
        known = ", ".join(list_starts())
        raise ParameterError(f"--init: unknown start {name!r}; expected one of {known}")
    return get_start(name)


def _print(model: Model, *, as_json: bool) -> None:
    if as_json:
        print_json(to_json(model))
    else:
        results().print(whole_report(model, told=False))


def _save_interrupted(result: FitResult, out: Path | None) -> None:
    saved, _ = save_or_fall_back(
        model_from_result(result), out or Path("gaussmix-interrupted.json")
    )
    say(
        "interrupted",
        "bold red",
        f"{result.reached}; the best mixture so far is saved in {saved}",
    )
