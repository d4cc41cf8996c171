"""What files hold of a mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..components.covariances import covariances_from_fields
from ..components.densities import density_from_fields
from ..components.noise import Noise
from .parts import checked_means

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from .mixture import Mixture

__all__ = ["InFiles"]


class InFiles:
    """What makes a mixture a value that files hold."""

    def save(self: Any, path: str | os.PathLike[str]) -> None:
        """Write the mixture to a JSON model file, whole or not at all."""
        from .model_file import write_model

        write_model(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Mixture:
        """Read the mixture of a model file; raise ModelFileError if it is not one."""
        from .model_file import read_model

        return read_model(path)[0]

    def to_fields(self: Any) -> dict[str, Any]:
        """Return what files hold of it, by name."""
        fields = {
            "feature_names": self.feature_names,
            "weights": self.weights,
            "means": self.means,
            "covariances": self.scales.to_fields(),
        }
        if not self.density.plain:
            fields["density"] = {"name": self.density.name, **self.density.to_fields()}
        return fields if self.noise is None else {**fields, "noise": self.noise.to_fields()}

    @classmethod
    def from_fields(cls: Any, fields: Mapping[str, Any]) -> Mixture:
        """Return the mixture of such fields; an error says what is wrong with them."""
        means, noise = checked_means(fields["means"]), fields.get("noise")
        held = covariances_from_fields(fields["covariances"], *means.shape)
        noise = None if noise is None else Noise.from_fields(noise)
        density = density_from_fields(fields.get("density"))
        names = fields.get("feature_names")
        found: Mixture = cls(fields["weights"], means, held, names, noise, density=density)
        return found
