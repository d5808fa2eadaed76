from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncing", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="synccursor",
            name="miscount",
            field=models.PositiveIntegerField(
                default=0,
                help_text="How many fewer the provider counted than we hold, right after everything was read.",
            ),
        ),
    ]
