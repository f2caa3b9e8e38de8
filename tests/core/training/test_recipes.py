import pytest

from core.training.config import TrainConfig, check_config, check_shape
from core.training.recipes import RECIPES


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_can_be_trained(recipe):
    config = TrainConfig(**recipe.settings)
    check_config(config)
    if not config.starts_trained:
        check_shape(config)
    assert len(recipe.help) > 40


def test_recipes_train_under_names_of_their_own():
    names = [TrainConfig(**recipe.settings).name for recipe in RECIPES]
    assert len({*names}) == len(names)
